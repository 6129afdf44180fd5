import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { CookieJar } from '../../support/app/app'
import { ENVIRONMENT, MODULES, WORKSHOP, type PackedProject } from './packed'

/** The versions of TypeScript, by the names that this project has for them. */
type Compiler = 'typescript54' | 'typescript' | 'typescript6' | 'typescript7'

/** A project that has installed the package, and of all others only those that it names. */
export class Consumer {
  readonly folder: string

  /** @param packages the packages it has; `{ koa: 'koa2' }` has this project's `koa2` as `koa` */
  constructor(name: string, type: 'commonjs' | 'module', packed: PackedProject, packages: Record<string, string>) {
    this.folder = join(WORKSHOP, name)
    this.write('package.json', JSON.stringify({ name, type, private: true }))
    cpSync(packed.folder, join(this.folder, 'node_modules/koa-session-service'), { recursive: true })
    for (const [alias, target] of Object.entries(packages)) {
      const link = join(this.folder, 'node_modules', alias)
      mkdirSync(dirname(link), { recursive: true })
      symlinkSync(join(MODULES, target), link)
    }
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true })
    writeFileSync(join(this.folder, path), text)
  }

  copy(source: string, path: string): void {
    cpSync(source, join(this.folder, path), { recursive: true })
  }

  /** Runs code in the project, and answers what it hands to `print`. */
  evaluate(type: 'commonjs' | 'module', code: string): unknown {
    const script = type === 'module' ? 'script.mjs' : 'script.cjs'
    this.write(script, `const print = (value) => console.log(JSON.stringify(value))\n${code}`)
    return JSON.parse(this.#node([script])) as unknown
  }

  /** Runs a file of the project, and answers what it prints. */
  run(file: string): string {
    return this.#node([file])
  }

  /** Runs a compiler in the project with this configuration, and answers its complaints. */
  compile(compiler: Compiler, config: object): string {
    this.write('tsconfig.json', JSON.stringify(config))
    try {
      return this.#node([join(MODULES, compiler, 'bin/tsc')])
    } catch (error) {
      return (error as { stdout: string }).stdout
    }
  }

  /** Starts an app that prints its port, and answers what a visitor sees who comes, signs in and signs out. */
  async visit(script: string): Promise<string[]> {
    const server = spawn(process.execPath, [script], { cwd: this.folder, env: ENVIRONMENT, stdio: 'pipe' })
    let complaints = ''
    server.stderr.on('data', (text) => (complaints += text))
    try {
      for await (const port of createInterface(server.stdout)) return await live(`http://127.0.0.1:${port}`)
      throw new Error(complaints)
    } finally {
      server.kill()
    }
  }

  #node(parameters: string[]): string {
    return execFileSync(process.execPath, parameters, {
      cwd: this.folder,
      env: ENVIRONMENT,
      encoding: 'utf8',
      stdio: 'pipe',
    })
  }
}

async function live(url: string): Promise<string[]> {
  const jar = new CookieJar()
  const seen: string[] = []
  const go = async (path: string, { header }: CookieJar): Promise<string[]> => {
    const response = await fetch(url + path, { headers: header ? { cookie: header } : {} })
    seen.push(await response.text())
    return response.headers.getSetCookie()
  }
  for (const path of ['/', '/']) jar.accept(await go(path, jar))
  const before = jar.copy()
  jar.accept(await go('/in', jar))
  await go('/', before)
  for (const path of ['/', '/out', '/']) jar.accept(await go(path, jar))
  return seen
}
