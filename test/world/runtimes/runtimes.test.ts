import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { describeWith } from '../../support/backends/require-server'
import { Consumer } from '../package/consumer'
import { PackedProject } from '../package/packed'
import { run, RUNTIMES, type Result } from './runtime'
import { askWorker, findWorkerd } from './workerd'

jest.setTimeout(120_000)

const CHECKS = 32
const ALL_PASS: Result = { passed: CHECKS, failures: [] }

const packed = new PackedProject()
const packages = ['koa', ...Object.keys(packed.manifest.dependencies)]
const consumer = new Consumer('runtimes', 'module', packed, Object.fromEntries(packages.map((name) => [name, name])))
cpSync(join(__dirname, 'apps'), consumer.folder, { recursive: true })

for (const runtime of RUNTIMES) {
  describeWith(runtime.name, runtime.program !== undefined)(runtime.name, () => {
    test(`R105: ${CHECKS} checks of sessions of every kind pass from the packed package on ${runtime.name}`, () => {
      expect(JSON.parse(run(runtime, 'main.mjs', consumer.folder))).toEqual(ALL_PASS)
    })
  })
}

const workerd = findWorkerd()

describeWith('workerd', workerd !== undefined)('workerd, which runs the Workers of Cloudflare', () => {
  test(`R105: ${CHECKS} checks of sessions of every kind pass from the packed package on workerd`, async () => {
    expect(await askWorker(workerd ?? '', 'worker.mjs', consumer.folder)).toEqual(ALL_PASS)
  })
})
