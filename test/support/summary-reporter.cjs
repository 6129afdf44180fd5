/** The groups of tests that a store's conformance is made of, as columns of the matrix. */
const GUARANTEES = ['every store', 'conditional writes', 'touch', 'index by owner', 'ends']
const STORE = /^session store (.*)/

/** Prints which store gives which guarantee, and the totals alone on a line for programs that read the log. */
class SummaryReporter {
  constructor() {
    this.stores = new Map()
  }

  onTestResult(_test, { testResults }) {
    for (const { ancestorTitles, status } of testResults) {
      const index = ancestorTitles.findIndex((title) => STORE.test(title))
      const guarantee = ancestorTitles[index + 1]
      if (index < 0 || guarantee === undefined || status === 'pending') continue
      const [, name] = STORE.exec(ancestorTitles[index])
      const counts = this.stores.get(name) ?? {}
      const { passed, failed } = counts[guarantee] ?? { passed: 0, failed: 0 }
      counts[guarantee] = { passed: passed + (status === 'passed'), failed: failed + (status === 'failed') }
      this.stores.set(name, counts)
    }
  }

  onRunComplete(_contexts, { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites }) {
    if (this.stores.size > 0) console.log(`\n${this.matrix()}`)
    const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : ''
    console.log(`\n${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed${skipped}`)
  }

  matrix() {
    const rows = [['store', ...GUARANTEES]]
    for (const [name, counts] of this.stores)
      rows.push([name, ...GUARANTEES.map((guarantee) => cell(counts[guarantee]))])
    const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
    return rows.map((row) => row.map((text, column) => text.padEnd(widths[column])).join('  ')).join('\n')
  }
}

function cell(count) {
  if (!count) return '-'
  return count.failed > 0 ? `${count.failed} FAILED` : `${count.passed} tests`
}

module.exports = SummaryReporter
