import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeWith } from '../../support/backends/require-server'
import { PackedProject, WORKSHOP } from './packed'
import { Project } from './project'

jest.setTimeout(120_000)

const APPS = join(__dirname, 'apps/dependants')
const PAGES = ['nobody', 'in', 'ann', 'out', 'nobody']
const ENCRYPTED = { pages: PAGES, cookies: ['EGG_SESS'], isReadable: false, left: [] }
const SIGNED = { pages: PAGES, cookies: ['EGG_SESS', 'EGG_SESS.sig'], isReadable: true, left: [] }
const ENCRYPT = 'exports.session = { encrypt: true }\n'

const packed = new PackedProject()

describe.each<[version: string, without: object, withEncrypt: object]>([
  ['3.34.0', ENCRYPTED, ENCRYPTED],
  // Its own default is lost in the schema of koa-session 7, and so it is here: cookies that are there stay good.
  ['4.0.10', SIGNED, ENCRYPTED],
])('Egg %s', (version, without, withEncrypt) => {
  const project = new Project(join(WORKSHOP, `egg-${version}`), {
    dependencies: { egg: version, 'koa-session': `file:${packed.tarball}` },
    overrides: { 'koa-session': '$koa-session' },
    egg: { declarations: false },
  })

  describeWith('a registry of packages', project.install())('with this package in the place of koa-session', () => {
    beforeAll(() => {
      for (const name of ['egg.cjs', 'world.mjs']) copyFileSync(join(APPS, name), join(project.folder, name))
    })

    test.each<[string, string, object]>([
      ['as it comes', '', without],
      ['with encrypt: true', ENCRYPT, withEncrypt],
    ])(
      `R93: Egg ${version} %s starts, signs in and out, and its cookie is as encrypted as with koa-session`,
      (_, config, expected) => {
        expect(JSON.parse(lastLine(project.node(['egg.cjs', config])))).toEqual(expected)
      },
    )
  })
})

/** Egg's own messages come before it. */
function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) ?? ''
}
