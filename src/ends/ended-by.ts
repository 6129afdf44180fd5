import type { EndedBy } from '../session/explanation-words'
import type { EndMemory } from './end-memory'
import { isEndedBy, type Claim } from './judgement'
import { keyOfOwner, type EndKeys, type Holder } from './keys'

/** What has ended a session, by what is remembered: the narrowest end. Its data are not asked for other keys before that. */
export function endedBy(memory: EndMemory, keys: EndKeys, claim: Claim, holder: Holder): EndedBy | undefined {
  const isOver = (key: string): boolean => {
    const end = memory.recallAnyhow([key])?.found[0]
    return end !== undefined && isEndedBy(end, claim)
  }
  if (claim.id !== undefined && isOver(claim.id)) return 'session'
  if (holder.owner !== undefined && isOver(keys.of(keyOfOwner(holder.owner)))) return 'owner'
  if (isOver(keys.everybody)) return 'everybody'
  return keys.ofHolder(holder).some(isOver) ? 'key' : undefined
}
