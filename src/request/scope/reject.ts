import { withoutControls } from '../../session/access'
import type { SessionRecord } from '../../session/record'
import { fingerprint } from '../../session/token'
import type { RequestScope } from './request-scope'

/** Reports that what the client presented was not accepted: without id and data, where these are kept from others. */
export function reject(
  scope: RequestScope,
  name: 'missed' | 'expired' | 'invalid',
  id: string | undefined,
  record: SessionRecord | undefined,
): void {
  const { hashTokens, codec } = scope.config.options
  if (hashTokens || codec?.isSelfAuthenticating)
    scope.report(name, id, { key: id && fingerprint(id), value: undefined })
  else scope.report(name, id, { key: id, value: record && withoutControls(record) })
}
