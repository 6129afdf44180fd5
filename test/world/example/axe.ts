import axe from 'axe-core'
import type { Page } from 'playwright-core'

/** Every rule that axe has, with those that it takes for an experiment: a button's spoken name has what it shows is one. */
const OPTIONS = { rules: Object.fromEntries(axe.getRules().map(({ ruleId }) => [ruleId, { enabled: true }])) }

/** What axe-core finds in a page as it is now: the rule, and where. The page's own policy does not keep it out. */
export async function findingsIn(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const found = await page.evaluate<axe.AxeResults>(`axe.run(document, ${JSON.stringify(OPTIONS)})`)
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id} at ${page.url()}: ${html}`))
}
