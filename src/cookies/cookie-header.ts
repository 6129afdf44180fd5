/** What a Cookie header has of one cookie: each value of its name, and each signature. */
export interface FoundCookies {
  values: string[]
  signatures: string[]
  /** The header has more of them than were taken. */
  isCut: boolean
}

/** How many values of a name are taken from a header. */
const MAX_VALUES = 32
const SIGNATURE = '.sig='
const [SPACE, EQUALS] = [' ', '='].map((character) => character.charCodeAt(0))

/** Finds a cookie and its signature in one pass over the header, as the `cookies` package finds one of them. */
export function findCookies(header: string, name: string): FoundCookies {
  const found: FoundCookies = { values: [], signatures: [], isCut: false }
  let end: number
  for (let start = 0; start < header.length; start = end + 1) {
    end = header.indexOf(';', start)
    if (end === -1) end = header.length
    while (header.charCodeAt(start) === SPACE) start++
    if (!header.startsWith(name, start)) continue
    const nameEnd = start + name.length
    if (header.charCodeAt(nameEnd) === EQUALS) add(found, found.values, header, nameEnd + 1, end)
    else if (header.startsWith(SIGNATURE, nameEnd)) {
      add(found, found.signatures, header, nameEnd + SIGNATURE.length, end)
    }
  }
  return found
}

function add(found: FoundCookies, texts: string[], header: string, start: number, end: number): void {
  if (texts.length >= MAX_VALUES) {
    found.isCut = true
    return
  }
  const isQuoted = header[start] === '"' && start < end
  texts.push(isQuoted ? header.slice(start, end).slice(1, -1) : header.slice(start, end))
}
