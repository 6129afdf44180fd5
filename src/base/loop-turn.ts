let turn = 0
let isCounting = false

/** A number that changes with each turn of the event loop: where it is the same, nothing was waited for that comes from outside. */
export function loopTurn(): number {
  if (isCounting) return turn
  isCounting = true
  setImmediate(() => {
    isCounting = false
    turn++
  })
  return turn
}
