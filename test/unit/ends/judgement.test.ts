import { judge, type Claim, type Ending, type Verdict } from '../../../src/ends/judgement'

const REACH = { born: 100, last: 200 }

test.each<[title: string, claim: Claim, ends: (Ending | undefined)[], verdict: Verdict]>([
  ['no key has an end', { id: 'me', since: 150 }, [undefined, undefined], 'good'],
  ['it began after the end', { id: 'me', since: 150 }, [{ position: 149 }], 'good'],
  ['the end is the one that there was when it began', { id: 'me', since: 150 }, [{ position: 150 }], 'good'],
  ['the end came after it', { id: 'me', since: 150 }, [{ position: 151 }], 'ended'],
  ['one of several keys was ended', { id: 'me', since: 150 }, [undefined, { position: 151 }], 'ended'],
  ['the end spares it', { id: 'me', since: 150 }, [{ position: 151, except: 'me' }], 'good'],
  ['the end spares another one', { id: 'me', since: 150 }, [{ position: 151, except: 'you' }], 'ended'],
  ['the end counts for later ones too', { id: 'me', since: 150 }, [{ position: 101, later: true }], 'ended'],
  ['an old cookie, and no end', { id: undefined, since: undefined }, [undefined], 'good'],
  ['an old cookie, and an end', { id: undefined, since: undefined }, [{ position: 101 }], 'ended'],
  [
    'an old cookie, and an end that spares nobody',
    { id: undefined, since: undefined },
    [{ position: 101, except: undefined }],
    'ended',
  ],
  ['it began in a store that is no more', { id: 'me', since: 99 }, [], 'lost'],
  ['it began in a store that was ahead of this one', { id: 'me', since: 201 }, [], 'lost'],
  ['it began with the store', { id: 'me', since: 100 }, [undefined], 'good'],
])('R107: a session is judged by the ends of its keys: %s', (_title, claim, ends, verdict) => {
  expect(judge(REACH, claim, ends)).toBe(verdict)
})
