import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const SRC = join(__dirname, '../../../src')

/** Every place of `src` that writes a field of an object that is not its own. */
export function foreignWrites(): string[] {
  const paths = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).map((path) => path.replaceAll('\\', '/'))
  return paths
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .flatMap((path) => foreignWritesIn(path, readFileSync(join(SRC, path), 'utf8')))
}

/**
 * The writes in a source text of fields of objects that are not one's own, each as `path: object.field`. One's own are `this`, what
 * the same function has made, and the class's own static fields.
 */
export function foreignWritesIn(path: string, text: string): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const target = writtenBy(node)
    if (target && !isOwn(target) && !OF_KOA.includes(target.getText())) found.push(`${path}: ${target.getText()}`)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true))
  return found
}

type Field = ts.PropertyAccessExpression | ts.ElementAccessExpression

/** The field that an assignment, `++`, `--` or `delete` writes; undefined for anything else. */
function writtenBy(node: ts.Node): Field | undefined {
  const written = operandOf(node)
  const target = written && bare(written)
  return target && isField(target) ? target : undefined
}

function operandOf(node: ts.Node): ts.Expression | undefined {
  if (ts.isBinaryExpression(node)) return isAssignment(node.operatorToken.kind) ? node.left : undefined
  if (ts.isDeleteExpression(node)) return node.expression
  if (!ts.isPrefixUnaryExpression(node) && !ts.isPostfixUnaryExpression(node)) return undefined
  return [ts.SyntaxKind.PlusPlusToken, ts.SyntaxKind.MinusMinusToken].includes(node.operator) ? node.operand : undefined
}

function isAssignment(kind: ts.SyntaxKind): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment
}

function isField(node: ts.Node): node is Field {
  return ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)
}

/** An expression without what only the compiler reads. */
function bare(node: ts.Expression): ts.Expression {
  const isWrapped =
    ts.isParenthesizedExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isSatisfiesExpression(node)
  return isWrapped ? bare(node.expression) : node
}

function isOwn(field: Field): boolean {
  const object = bare(field.expression)
  if (object.kind === ts.SyntaxKind.ThisKeyword) return true
  if (!ts.isIdentifier(object)) return false
  return isNameOfClassAround(object) || isMadeInFunctionAround(object)
}

function isNameOfClassAround(name: ts.Identifier): boolean {
  return ts.findAncestor(name, (node) => ts.isClassLike(node) && node.name?.text === name.text) !== undefined
}

/** Whether the nearest function makes the object itself: by a literal, by `new`, or by a call that makes one of either. */
function isMadeInFunctionAround(name: ts.Identifier): boolean {
  let isMade = false
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.name.text === name.text) {
      isMade ||= node.initializer !== undefined && isNew(bare(node.initializer))
    }
    if (!ts.isFunctionLike(node)) ts.forEachChild(node, visit)
  }
  const body = functionAround(name)
  if (body) ts.forEachChild(body, visit)
  return isMade
}

function functionAround(node: ts.Node): ts.Node | undefined {
  return (ts.findAncestor(node, ts.isFunctionLike) as ts.FunctionLikeDeclaration | undefined)?.body
}

/** What makes a new object of others: `Object.fromEntries(…)`, `{ … }.concat(…)`, `list.map(…)`. */
const MAKERS = ['create', 'fromEntries', 'from', 'map', 'alloc', 'concat']
/** What Koa is told by assignment. */
const OF_KOA = ['ctx.status', 'ctx.body']

function isNew(node: ts.Expression): boolean {
  if (ts.isObjectLiteralExpression(node) || ts.isArrayLiteralExpression(node) || ts.isNewExpression(node)) return true
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false
  return MAKERS.includes(node.expression.name.text)
}
