/** Session data whose JSON is `bytes` long: a user, a counter, a cart of small items, and filling. */
export function payload(bytes: number): Record<string, unknown> {
  const data = { user: 'alice', count: 1_000_000, cart: [] as unknown[], note: '' }
  const size = (): number => JSON.stringify(data).length
  for (let id = 1000; size() + 60 < bytes; id++) data.cart.push({ id, name: `article ${id}`, amount: 2, price: 19.95 })
  data.note = 'n'.repeat(Math.max(0, bytes - size()))
  return data
}
