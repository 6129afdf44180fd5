import ts from 'typescript'
import { readText } from './markdown'
import { examplesOf, sourceFiles } from './sources'
import { complaintsOfPiece, homeOf } from './surroundings'

/** A public method; of several signatures, the first has the comment. */
function isVerb(
  member: ts.ClassElement,
  index: number,
  members: readonly ts.ClassElement[],
): member is ts.MethodDeclaration {
  if (!ts.isMethodDeclaration(member) || ts.isPrivateIdentifier(member.name)) return false
  const flags = ts.getCombinedModifierFlags(member)
  const isFirst = !members.slice(0, index).some((other) => other.name?.getText() === member.name.getText())
  const isInternal = ts.getJSDocTags(member).some(({ tagName }) => tagName.text === 'internal')
  return isFirst && !isInternal && (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) === 0
}

const examples = sourceFiles().flatMap(examplesOf)
describe('the examples in the comments of the sources', () => {
  it('the examples in the comments of the sources are found', () => {
    expect(examples.length).toBeGreaterThan(5)
  })

  it.each(['service.ts', 'service/owner-verbs.ts', 'service/service-base.ts'])(
    'every verb of %s has an example',
    (path) => {
      const { statements } = ts.createSourceFile(path, readText(`src/${path}`), ts.ScriptTarget.Latest, true)
      const verbs = statements.filter(ts.isClassDeclaration).flatMap(({ members }) => members.filter(isVerb))
      const bare = verbs.filter((verb) => !ts.getJSDocTags(verb).some(({ tagName }) => tagName.text === 'example'))
      expect(verbs.length).toBeGreaterThan(3)
      expect(bare.map((verb) => verb.name.getText())).toEqual([])
    },
  )

  it.each(examples)('the example of $title compiles', ({ code, path }) => {
    expect(complaintsOfPiece(code, homeOf(path))).toEqual([])
  })
})
