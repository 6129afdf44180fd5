import { Browser } from '../../promises/errors/server'
import { codeBlocks, readText } from './markdown'
import { closePrograms, run } from './run-block'

afterEach(closePrograms)

const blocks = codeBlocks(readText('docs/outside-a-request.md'))

function programWith(text: string): string {
  const [found, ...others] = blocks.filter(({ code }) => code.includes(text))
  expect(others).toEqual([])
  return found.code
}

describe('docs/outside-a-request.md', () => {
  it('R72: the stream of events of docs/outside-a-request.md ends with its session', async () => {
    const ada = new Browser(await run(programWith('text/event-stream')))
    expect((await ada.get('/events')).status).toBe(401)
    await ada.get('/login')
    const stream = await ada.open('/events')
    stream.setEncoding('utf8')
    const chunks: string[] = []
    for await (const chunk of stream) {
      if (chunks.length === 0) await ada.get('/logout')
      chunks.push(chunk as string)
    }
    expect(chunks.join('')).toMatch(/^data: hello ada\n\n[^]*event: signed-out\ndata:\n\n$/)
  })

  it('R72: the job of docs/outside-a-request.md writes into the session, unless that is over', async () => {
    const ada = new Browser(await run(programWith('makeReport')))
    expect((await ada.get('/')).body).toBe('not yet')
    expect((await ada.get('/start')).body).toBe('not yet')
    for (;;) if ((await ada.get('/')).body === 'ready') break
  })
})
