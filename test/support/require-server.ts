/**
 * `describe` where the server's binaries are there. Without them a developer's run leaves the suite out and says so in
 * one line; a run with CI=true fails.
 */
export function describeWith(server: string, isThere: boolean): typeof describe {
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
