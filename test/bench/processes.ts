import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'

/** Runs a file of this folder in a process of its own, as in production. */
export function start(file: string, args: unknown[], execArgv: string[] = []): ChildProcess {
  const env = { ...process.env, NODE_ENV: 'production' }
  return fork(join(__dirname, file), args.map(String), { env, execArgv })
}

/** The next message of a process; fails where it ends instead. */
export function next(child: ChildProcess): Promise<any> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error(`${child.spawnargs.slice(1).join(' ')}: the process ended`))
    child.once('exit', onExit)
    child.once('message', (message) => {
      child.off('exit', onExit)
      resolve(message)
    })
  })
}
