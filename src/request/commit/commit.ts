import type { Awaitable } from '../../base/awaitable'
import { SessionError } from '../../base/errors'
import { gaveUp, retry } from '../../base/retry'
import { SessionModel } from '../../session/session-model'
import type { Content } from '../../session/snapshot'
import type { Token } from '../../session/token'
import { reportOwnerChange, type CommitJob, type Outcome } from './commit-job'
import { planCommit, VERB_TRAITS, type CommitFacts, type CommitPlan, type WritePlan } from './commit-plan'
import type { Draft } from './draft'
import { inHook } from '../scope/hooks'
import { canStillTell, hasResponse } from '../scope/response-state'
import { endUnseen, isMissed, takeBack, tooLateToRotate, type Written } from './put-back'
import { leave, reconcile } from './reconcile'
import { removalOf } from './remove-record'
import { signInOf, writeSignIn } from './sign-in'
import { isIssueDue, isRotating, isUseDue } from '../open/rotating'
import { contentIn, isAtRest, isRenewalDue, isSeenDue, lacksSecret, type Stored, type Superseded } from '../open/stored'
import { writeRecord, type WriteFailure } from './write-record'

/** How long newcomers wait for those who are in another's way, in milliseconds. */
const YIELD_MS = 200
/** How many ids that turn out to be taken are enough: another one is not waited for, and comes from "genid". */
const MAX_TAKEN = 10

/** What a commit is about to do, and with which data. */
interface Prepared {
  plan: CommitPlan
  content: Content
}

/**
 * Writes what there is need for. The session's object is merged with what other requests have written meanwhile.
 *
 * @param content of the session, where somebody has just made it
 */
export function commit(job: CommitJob, content?: Content): Awaitable<Outcome> {
  if (job.superseded) return commitSuperseded(job)
  const prepared = prepare(job, content)
  return prepared.plan.do === 'write' ? commitWrite(job, prepared.plan, prepared.content) : settle(job, prepared.plan)
}

/** What the client's token led to is another session by now: only a sign-in goes on. */
async function commitSuperseded(job: CommitJob): Promise<Outcome> {
  const { scope, superseded } = job
  const { isImplicit, extends: isTouch, regenerates } = VERB_TRAITS[job.verb]
  const owner = scope.ownerOf(SessionModel.data(job.session))
  const isLeft = superseded?.left !== undefined && owner === undefined
  if (isLeft && !regenerates && !isTouch) return commit(await leave(job, superseded))
  if ((isImplicit || isTouch) && !isAsked(job) && !hasKeys(SessionModel.data(job.session))) {
    return { name: 'unchanged', tell: 'nothing', stored: undefined, superseded, isMerged: false }
  }
  // A change was made of an empty session: it is made again of the one that the sign-in joins.
  if (job.draft && owner !== undefined) return again(job, job.draft, 'conflict')
  // This request lost its session and signed in again; perhaps the form was sent twice.
  const { id, loaded } = superseded as Superseded
  const next = await reconcile(job, loaded ?? (await scope.load(id)))
  return 'name' in next ? next : commit(next)
}

async function commitWrite(job: CommitJob, plan: WritePlan, content: Content): Promise<Outcome> {
  const { turn } = job.scope
  const id = job.stored?.id
  // Retries go first; otherwise new requests could starve them.
  if (id !== undefined && turn.isBehindOthers(id)) await turn.yieldToOthers(id, YIELD_MS)
  const first = await writeOnce(job, plan, content)
  if (typeof first !== 'string') return first
  if (job.draft && first !== 'taken') return again(job, job.draft, first)
  if (isTokenNote(plan)) return unnoted(job)
  // Conflicting requests of this process queue on a lock; only other processes can still conflict.
  return turn.hold(id ?? (job.newToken.value as Token).id, () => commitAgain(job, first))
}

async function commitAgain(first: CommitJob, failure: WriteFailure): Promise<Outcome> {
  let job = first
  let last: Outcome | WriteFailure = failure
  let taken = 0
  return retry(async () => {
    if (last === 'taken') {
      if (++taken === MAX_TAKEN) throw gaveUp(MAX_TAKEN)
      job.newToken.forget()
    } else {
      const id = job.stored?.id as string
      const next = await reconcile(job, last === 'conflict' ? await job.scope.load(id) : undefined)
      if ('name' in next) return next
      job = next
    }
    const { plan, content } = prepare(job)
    last = plan.do === 'write' ? await writeOnce(job, plan, content) : await settle(job, plan)
    return typeof last === 'string' ? undefined : last
  })
}

/** It is noted that a token is used, or issued, and nothing else is written. */
function isTokenNote({ reason, rotation }: WritePlan): boolean {
  return reason === 'seen' && (rotation === 'use' || rotation === 'issue')
}

/** Another request was faster: the next one with this token notes it. What the record is now, is no matter of this one. */
function unnoted({ stored }: CommitJob): Outcome {
  return { name: 'unchanged', tell: 'nothing', stored, superseded: undefined, isMerged: false }
}

/** What is stored now is read when the change is made again: by then it may be newer. */
function again({ scope, session }: CommitJob, draft: Draft, failure: WriteFailure): Outcome {
  const owner = scope.ownerOf(SessionModel.data(session))
  draft.undo()
  return { name: 'again', isMissing: failure === 'missing', owner }
}

/** Writes a record once, after `beforeSave`. */
function writeOnce(job: CommitJob, plan: WritePlan, content: Content): Promise<Outcome | WriteFailure> {
  return job.scope.settings.beforeSave ? writeAfterHook(job, plan) : write(job, plan, content)
}

/** `beforeSave` sees everything that is written, every time: after it, the decision is made again. */
async function writeAfterHook(job: CommitJob, plan: WritePlan): Promise<Outcome | WriteFailure> {
  const { ctx, settings } = job.scope
  await inHook(job.scope, () => settings.beforeSave?.(ctx, job.session as never))
  const prepared = prepare(job)
  if (prepared.plan.do === 'refuse' || prepared.plan.do === 'end') return settle(job, prepared.plan)
  return write(job, afterHook(plan, prepared.plan), prepared.content)
}

/** Writes a record once. */
async function write(job: CommitJob, plan: WritePlan, content: Content): Promise<Outcome | WriteFailure> {
  const signIn = signInOf(job, content)
  if (signIn) return writeSignIn(job, plan, content, signIn)
  const outcome = await writeRecord(job, plan, content, undefined)
  if (typeof outcome === 'string') return outcome
  if (isMissed(job, outcome)) return takeBack(job, outcome as Written)
  reportOwnerChange(job.scope, outcome)
  return outcome
}

/** As in koa-session, a store is told that the data changed where that was so before `beforeSave`. */
function afterHook(before: WritePlan, after: CommitPlan): WritePlan {
  if (after.do !== 'write') return before
  const reason = after.reason === 'changed' ? 'forced' : after.reason
  return { ...after, reason: before.reason === 'changed' ? 'changed' : reason }
}

function prepare(job: CommitJob, content = contentIn(job.session, job.scope)): Prepared {
  if (VERB_TRAITS[job.verb].proves) checkProof(job, content)
  return { content, plan: planCommit(factsOf(job, content)) }
}

function factsOf(job: CommitJob, content: Content): CommitFacts {
  const { scope, stored } = job
  const { config, settings } = scope
  const hasOwners = config.options.owner !== undefined
  return {
    verb: VERB_TRAITS[job.verb].regenerates && job.isSatisfied ? 'commit' : job.verb,
    isSatisfied: job.isSatisfied,
    mustWrite: isAsked(job) || job.once !== undefined,
    isStored: stored !== undefined,
    hasData: hasKeys(content.data),
    isChanged: !stored || !isAtRest(stored, content, scope),
    changesOwner: hasOwners && stored !== undefined && stored.snapshot.owner !== scope.ownerOf(content.data),
    hasOwner: stored?.snapshot.owner !== undefined,
    needsSecret: lacksSecret(stored, scope),
    hasOwners,
    isInCookie: !config.hasStore,
    isResponseSent: scope.isOutside || !hasResponse(scope.ctx) || !canStillTell(scope.ctx),
    isOutside: scope.isOutside,
    wasWritten: job.wasWritten,
    isRolling: settings.rolling,
    isRenewalDue: settings.renew && stored !== undefined && isRenewalDue(stored, scope),
    isSeenDue: isSeenDue(stored, scope),
    hasReplaced: job.hasReplaced,
    isSignatureOld: job.isSignatureOld,
    succession: successionIn(job),
  }
}

/** Whether a lifetime was chosen, which has to be written. */
function isAsked({ mustWrite, draft }: CommitJob): boolean {
  return mustWrite || draft?.maxAge !== undefined
}

function successionIn({ scope, stored, verb, draft, isSignatureOld }: CommitJob): CommitFacts['succession'] {
  if (!isRotating(stored, scope)) return 'none'
  // Verbs and changes may be made in the middle of the request.
  const isEnd = verb === 'commit' && !draft && scope.stage.isCommitting
  if (!isEnd) return 'rests'
  if (isIssueDue(stored, scope, { isWanted: isSignatureOld, chance: Math.random() })) return 'issue'
  return isUseDue(stored) ? 'use' : 'rests'
}

function settle(job: CommitJob, plan: Exclude<CommitPlan, WritePlan>): Awaitable<Outcome> {
  if (plan.do === 'refuse') throw job.scope.isOutside ? cannotChangeOwner() : tooLateToRotate()
  if (plan.do === 'end') return endUnseen(job.scope, removalOf(job.stored as Stored))
  return { name: 'unchanged', tell: plan.do, stored: job.stored, superseded: undefined, isMerged: job.isMerged }
}

/** A proof is that of the account for which it was made. */
function checkProof(job: CommitJob, content: Content): void {
  if (!isSomebodys(job, content)) throw nobodyToConfirm()
  if (job.calledBy !== undefined && job.calledBy !== job.scope.ownerOf(content.data)) throw confirmsAnother()
}

function isSomebodys({ scope }: CommitJob, { data }: Content): boolean {
  return scope.config.options.owner ? scope.ownerOf(data) !== undefined : hasKeys(data)
}

function hasKeys(data: object): boolean {
  for (const _ in data) return true
  return false
}

function nobodyToConfirm(): SessionError {
  return new SessionError(
    'ERR_SESSION_REQUIRED',
    'sessions.confirm() notes that a visitor has proved who they are, and nobody is signed in. Sign in instead.',
    { status: 401 },
  )
}

function confirmsAnother(): SessionError {
  return new SessionError(
    'ERR_SESSION_OWNER_CHANGED',
    'sessions.confirm() was called for one account, and the same request has given the session to another one beside it. Nobody is ' +
      'confirmed. Await confirm() before the session changes hands, or call it after that.',
  )
}

function cannotChangeOwner(): SessionError {
  return new SessionError(
    'ERR_SESSION_OWNER_CHANGED',
    'A session that was opened outside a request was to get another owner, and no response can carry the token that it ' +
      'would need. Nothing was changed. Sign visitors in and out in a request; to end the session, call destroy().',
  )
}
