import { join } from 'node:path'
import { checkFixtures } from './type-check'

const folders = ['fixtures', 'fixtures/plain'].map((name) => join(__dirname, name))
const verdicts = folders.flatMap(checkFixtures).map((verdict) => [verdict.title, verdict] as const)

test.each(verdicts)('%s: the lines that are right compile', (_title, { errors }) => {
  expect(errors).toEqual([])
})

test.each(verdicts)('%s: the lines that are wrong are refused, each for its own reason', (_title, { refusals }) => {
  expect(refusals).not.toEqual([])
  expect(refusals.filter(({ expected, messages }) => !messages.join('\n').includes(expected))).toEqual([])
})
