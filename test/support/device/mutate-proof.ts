const recode = (part: string, change: (value: Record<string, unknown>) => unknown): string => {
  const value = JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
  return Buffer.from(JSON.stringify(change(value))).toString('base64url')
}

/** Changes one thing of a proof: a character, a part, or what a part says. The index chooses what and where. */
export function mutate(good: string, spare: string, index: number): string {
  const parts = good.split('.')
  const others = spare.split('.')
  const part = Math.floor(index / 8) % 3
  const with_ = (text: string): string => parts.map((each, place) => (place === part ? text : each)).join('.')
  const place = (index * 7) % parts[part].length
  const bytes = Buffer.from(parts[part], 'base64url')
  switch (index % 8) {
    case 0:
      bytes[(index * 13) % bytes.length] ^= 1 << (Math.floor(index / 24) % 8)
      return with_(bytes.toString('base64url'))
    case 1:
      return with_(parts[part].slice(0, place) + parts[part].slice(place + 1))
    case 2:
      return with_(`${parts[part].slice(0, place)}A${parts[part].slice(place)}`)
    case 3:
      return with_(others[part] === parts[part] ? others[(part + 1) % 3] : others[part])
    case 4:
      return with_(`${parts[part]}${'=+/. \0é'[Math.floor(index / 24) % 7]}`)
    case 5:
      return good.slice(0, (index * 11) % good.length)
    case 6:
      return part === 2 ? with_('') : with_(recode(parts[part], (value) => ({ ...value, [`k${index}`]: index })))
    default:
      return part === 2
        ? with_(Buffer.alloc(64, index).toString('base64url'))
        : with_(recode(parts[part], () => [index]))
  }
}
