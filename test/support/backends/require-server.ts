/** With `FAST=1` no server is started, wherever its binaries are. */
const isFast = process.env.FAST === '1'

/**
 * `describe` where the server's binaries are there. Without them a developer's run leaves the suite out and says so in
 * one line; a run with CI=true fails.
 */
export function describeWith(server: string, isThere: boolean): typeof describe {
  if (isFast) return describe.skip
  if (isThere) return describe
  if (process.env.CI === 'true') {
    return ((title: string) => {
      describe(title, () => {
        it(`needs ${server}`, () => {
          throw new Error(`${server} is not installed on this machine`)
        })
      })
    }) as unknown as typeof describe
  }
  process.stdout.write(`${server} is not installed: its suites are left out\n`)
  return describe.skip
}

/** Whether tests are to be defined for a server: where it is not there and CI=true, starting it fails them. */
export function isWanted(server: string, isThere: boolean): boolean {
  if (isFast) return false
  if (isThere || process.env.CI === 'true') return true
  process.stdout.write(`${server} is not installed: its tests are left out\n`)
  return false
}
