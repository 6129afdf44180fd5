import { examplesOf, sourceFiles } from './sources'
import { complaintsOfPiece, homeOf } from './surroundings'

const examples = sourceFiles().flatMap(examplesOf)
describe('the examples in the comments of the sources', () => {
  it('are found', () => {
    expect(examples.length).toBeGreaterThan(5)
  })

  it.each(examples)('$title compiles', ({ code, path }) => {
    expect(complaintsOfPiece(code, homeOf(path))).toEqual([])
  })
})
