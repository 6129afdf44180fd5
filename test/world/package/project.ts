import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ENVIRONMENT } from './packed'

const INSTALL = ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--silent']

/** A project whose packages npm installs, as a user's are. */
export class Project {
  constructor(
    readonly folder: string,
    manifest: object,
  ) {
    mkdirSync(folder, { recursive: true })
    this.write('package.json', JSON.stringify({ name: 'project', private: true, ...manifest }))
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.folder, path), text)
  }

  /** Returns whether npm could: it needs a registry, or a cache of what it has got from one. */
  install(): boolean {
    try {
      execFileSync('npm', INSTALL, { cwd: this.folder, env: ENVIRONMENT, stdio: 'pipe' })
      return true
    } catch {
      return false
    }
  }

  /** Runs Node in the project, and returns what it prints. */
  node(parameters: string[]): string {
    return execFileSync(process.execPath, parameters, {
      cwd: this.folder,
      env: ENVIRONMENT,
      encoding: 'utf8',
      stdio: 'pipe',
    })
  }
}
