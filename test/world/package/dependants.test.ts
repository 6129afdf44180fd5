import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { describeWith } from '../../support/backends/require-server'
import { ENVIRONMENT, PackedProject, WORKSHOP } from './packed'
import { Project } from './project'

jest.setTimeout(120_000)

const APPS = join(__dirname, 'apps/dependants')
/** Packages that need a session, each at a version that is known. */
const PACKAGES = {
  '@feathersjs/authentication': '5.0.50',
  '@feathersjs/authentication-oauth': '5.0.50',
  '@feathersjs/feathers': '5.0.50',
  '@feathersjs/koa': '5.0.50',
  'grant-koa': '5.4.8',
  koa: '2.16.2',
  'koa-encrypted-session': '3.0.7',
  'koa-passport': '6.0.0',
  'passport-local': '1.0.0',
}

const packed = new PackedProject()
const project = new Project(join(WORKSHOP, 'dependants'), {
  dependencies: { ...PACKAGES, 'koa-session': `file:${packed.tarball}` },
  overrides: { 'koa-session': '$koa-session' },
})

describeWith('a registry of packages', project.install())(
  'packages that need koa-session, with this one in its place',
  () => {
    test('R78: npm installs no other koa-session beside this package in its place', () => {
      const found = execFileSync('npm', ['ls', 'koa-session', '--parseable', '--long'], {
        cwd: project.folder,
        env: ENVIRONMENT,
        encoding: 'utf8',
      })
      const installed = found.split('\n').filter((line) => line.includes('koa-session'))
      expect(installed.filter((line) => !line.includes(':koa-session-service@'))).toEqual([])
      const manifest = readFileSync(join(project.folder, 'node_modules/koa-session/package.json'), 'utf8')
      expect((JSON.parse(manifest) as { name: string }).name).toBe('koa-session-service')
    })

    describe.each(['cjs', 'esm'] as const)('in %s', (format) => {
      test('R78: Feathers signs in by OAuth, and its session ends with that', () => {
        const { during, user, after, direct } = run('feathers', format) as Record<string, unknown>
        expect(during).toEqual(['feathers.oauth', 'feathers.oauth.sig'])
        expect(user).toBe('7')
        expect(after).toEqual([])
        expect(direct).toBe(401)
      })

      test('R78: grant-koa finds in the session what it needs when the provider sends one back', () => {
        expect(run('grant', format)).toEqual({
          before: 'nobody',
          profile: { id: '7', name: 'Ann' },
          cookies: ['koa.sess', 'koa.sess.sig'],
        })
      })

      test('R78: koa-passport signs in and out with this package in the place of koa-session', () => {
        expect(run('passport', format)).toEqual(['nobody', 'ann', 'ann', 'nobody', 'nobody'])
      })

      test('R93: koa-encrypted-session starts with options of its own, and its cookie stays encrypted', () => {
        expect(run('encrypted', format)).toEqual({
          pages: ['nobody', 'ann; "é" =,', 'ann; "é" =,', 'nobody', 'nobody'],
          isReadable: false,
          cookies: [],
        })
      })

      test("R78: the calls of Strapi's session middleware keep a session", () => {
        expect(run('strapi', format)).toEqual(['nobody', 'ann', 'ann', 'nobody', 'nobody'])
      })

      test("R78: the calls of AdminJS' router keep a session, with its defaults and with options", () => {
        const pages = ['please sign in', '/admin/pages/5 for ann', 'please sign in', 'please sign in']
        expect(run('adminjs', format)).toEqual([pages, pages])
      })
    })
  },
)

/** Runs an app as a module of this kind, and returns what it prints. */
function run(app: string, format: 'cjs' | 'esm'): unknown {
  const script = `${app}.${format === 'cjs' ? 'cjs' : 'mjs'}`
  buildSync({
    entryPoints: [join(APPS, `${app}.mjs`)],
    outfile: join(project.folder, script),
    bundle: true,
    packages: 'external',
    platform: 'node',
    format,
  })
  return JSON.parse(project.node([script])) as unknown
}
