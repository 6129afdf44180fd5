import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { startPostgres } from '../../support/backends/databases'
import { PackedProject, WORKSHOP } from './packed'
import { Project } from './project'

/** It has 1,400 packages, which take minutes to install: so it is no part of the suite. */
jest.setTimeout(900_000)

const VERSION = '5.54.0'
const APPS = join(__dirname, 'apps/dependants')
const packed = new PackedProject()

test(`R93: Strapi ${VERSION} starts with this package in the place of koa-session, and counts`, async () => {
  const project = new Project(join(WORKSHOP, 'strapi'), {
    dependencies: {
      '@strapi/strapi': VERSION,
      pg: '^8',
      react: '^18',
      'react-dom': '^18',
      'react-router-dom': '^6',
      'styled-components': '^6',
      'koa-session': `file:${packed.tarball}`,
    },
    overrides: { 'koa-session': '$koa-session' },
  })
  expect(project.install()).toBe(true)
  for (const name of ['strapi-server.cjs', 'world.mjs']) copyFileSync(join(APPS, name), join(project.folder, name))
  const server = await startPostgres()
  try {
    const printed =
      project
        .node(['strapi-server.cjs', String(server.port)])
        .trim()
        .split('\n')
        .at(-1) ?? ''
    const cookies = ['koa.sess', 'koa.sess.sig']
    expect(JSON.parse(printed)).toEqual({
      name: 'koa-session-service',
      version: VERSION,
      pages: ['1', '2', '3'],
      cookies,
    })
  } finally {
    await server.stop()
  }
})
