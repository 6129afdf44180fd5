import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSourceFiles, SRC } from './source-files'

/** Where what is taken from the time of day is another time of day: one that a record, a cookie or a database holds. */
const POINTS_IN_TIME = new Set([
  'device/bound-sessions.ts',
  'device/bound-transport.ts',
  'request/open/stored.ts',
  'service/owner-verbs.ts',
  'stores/kysely/kysely-owner-marks.ts',
  'stores/memory/memory-store.ts',
])
/** A span by the time of day, which may be set back, or by a clock that fake timers stop. */
const SPAN = /Date\.now\(\) - [a-z]|- Date\.now\(\)|\bperformance\b|\bhrtime\b/
const COMMENT = /^\s*(\/\/|\/?\*)/

function spansIn(path: string, text: string): string[] {
  const lines = text.split('\n').filter((line) => !COMMENT.test(line))
  return lines.filter((line) => SPAN.test(line)).map((line) => `${path}: ${line.trim()}`)
}

test('R91: no source measures a span of time by anything but base/monotonic.ts', () => {
  const files = readSourceFiles().filter(({ path }) => !POINTS_IN_TIME.has(path))
  expect(files.flatMap(({ path }) => spansIn(path, readFileSync(join(SRC, path), 'utf8')))).toEqual([])
})

test.each(['const took = Date.now() - began', 'left = until - Date.now()', 'performance.now()', 'process.hrtime()'])(
  'R91: a span of time that is measured by %s is found in the sources',
  (line) => {
    expect(spansIn('base/retry.ts', line)).toHaveLength(1)
  },
)
