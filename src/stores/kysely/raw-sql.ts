import type { AliasedExpression, Expression, IdentifierNode, RawNode } from 'kysely'

/** An expression of SQL text: what `sql.raw` makes, without loading a build of kysely that may not be the application's. */
export function rawSql<T>(sql: string) {
  const node: RawNode = { kind: 'RawNode', sqlFragments: [sql], parameters: [] }
  const expression: Expression<T> = { expressionType: undefined, toOperationNode: () => node }
  const as = <Name extends string>(name: Name): AliasedExpression<T, Name> => {
    const alias = { kind: 'IdentifierNode', name } as IdentifierNode
    return { expression, alias: name, toOperationNode: () => ({ kind: 'AliasNode', node, alias }) }
  }
  return { ...expression, as }
}
