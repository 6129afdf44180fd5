import { runNodeTests } from '../../support/node-tests'

test('R81: the recipe for tests passes under node:test', async () => {
  const report = await runNodeTests('example/recipes/testing.ts')
  expect(report).toMatch(/^# pass 2$/m)
  expect(report).toMatch(/^# fail 0$/m)
})
