import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'

export const ROOT = join(__dirname, '../../..')
export const MODULES = join(ROOT, 'node_modules')
/** As a user's shell has it: without what the test runner and npm have added. */
export const ENVIRONMENT = { PATH: process.env.PATH, HOME: process.env.HOME }
/** A folder of its own, gone after the tests. */
export const WORKSHOP = mkdtempSync(join(tmpdir(), 'koa-session-service-'))
afterAll(() => rmSync(WORKSHOP, { recursive: true, force: true }))

/** What is in the package beside what is compiled. */
const PAPERS = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'package.json',
  'docs',
  'example/recipes',
  'test/README.md',
  'test/bench',
].filter((name) => existsSync(join(ROOT, name)))

interface Manifest {
  exports: Record<string, unknown>
  dependencies: Record<string, string>
  peerDependencies: Record<string, string>
}

/** The tarball, which the first suite of a run makes that needs it; others wait for that one. */
function packedOnce(): string {
  const folder = join(process.env.RUN_FOLDER as string, 'packed')
  const failed = join(folder, 'failed')
  try {
    mkdirSync(folder)
  } catch {
    for (;;) {
      const tarball = tarballIn(folder)
      if (tarball) return tarball
      if (existsSync(failed)) throw new Error('the project could not be packed: see the suite that tried first')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
    }
  }
  try {
    return pack(folder)
  } catch (error) {
    writeFileSync(failed, '')
    throw error
  }
}

/** Builds and packs a copy, so that nobody who uses the project meanwhile is disturbed. */
function pack(folder: string): string {
  const copy = join(WORKSHOP, 'copy')
  for (const name of ['src', 'tools', 'tsconfig.json', 'tsconfig.build.json', ...PAPERS]) {
    cpSync(join(ROOT, name), join(copy, name), { recursive: true })
  }
  symlinkSync(MODULES, join(copy, 'node_modules'))
  execFileSync('npm', ['pack', '--offline', '--silent', '--no-update-notifier'], { cwd: copy, env: ENVIRONMENT })
  const name = readdirSync(copy).find((each) => each.endsWith('.tgz')) as string
  // Whole or not at all: others look for it meanwhile.
  cpSync(join(copy, name), join(folder, 'whole'))
  renameSync(join(folder, 'whole'), join(folder, name))
  return join(folder, name)
}

function tarballIn(folder: string): string | undefined {
  const name = readdirSync(folder).find((each) => each.endsWith('.tgz'))
  return name && join(folder, name)
}

/** What `npm pack` makes of the project, unpacked. */
export class PackedProject {
  readonly folder = join(WORKSHOP, 'package')
  readonly tarball: string
  readonly manifest: Manifest
  readonly files: string[]

  constructor() {
    this.tarball = packedOnce()
    execFileSync('tar', ['-xzf', this.tarball, '-C', WORKSHOP])
    this.manifest = JSON.parse(this.read('package.json')) as Manifest
    this.files = readdirSync(this.folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => statSync(join(this.folder, path)).isFile())
      .map((path) => path.replaceAll('\\', '/'))
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), 'utf8')
  }

  /** The subpaths to import, as `koa-session-service/typedi`. */
  get subpaths(): string[] {
    const subpaths = Object.keys(this.manifest.exports).filter((subpath) => !subpath.endsWith('.json'))
    return subpaths.map((subpath) => subpath.replace('.', 'koa-session-service'))
  }

  /** The targets of package.json: whatever text in there begins with `./`. */
  get targets(): string[] {
    const found = this.read('package.json').matchAll(/"\.\/(dist[^"]*|package\.json)"(?!:)/g)
    return Array.from(found, ([, path]) => path ?? '')
  }

  /** What a file imports of the package and is not in it: code imports code, declarations import declarations. */
  missingImportsOf(path: string): string[] {
    const found = this.read(path).matchAll(/(?:from|require\(|import\() ?['"](\.[^'"]*)['"]/g)
    const targets = Array.from(found, ([, target]) => posix.join(posix.dirname(path), target ?? ''))
    return targets
      .map((target) => (path.includes('.d.') ? `${target.replace(/\.js$/, '')}.d.ts` : target))
      .filter((target) => !this.files.includes(target))
  }

  /** What a page links to in the project, and is not in the package: neither a file nor a folder with files. */
  missingLinksOf(path: string): string[] {
    const prose = this.read(path).replace(/^```[^]*?^```/gm, '')
    const found = prose.matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)[^)]*\)/g)
    const targets = Array.from(found, ([, target]) => posix.join(posix.dirname(path), target ?? ''))
    return targets.filter((target) => !this.files.some((file) => file === target || file.startsWith(`${target}/`)))
  }
}
