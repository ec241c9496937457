/**
 * The secret of one issue of a job. It is derived (HMAC-SHA-256 under a key that is itself derived from the site's signing key) from
 * the action's id and the nonce of the imager's start, and carries that nonce: so a process that was restarted recognises the tokens
 * that it gave out before, without having kept them.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

export type JobTokens = {
  /** 128 hex digits: the nonce, and its authentication. */
  issue(id: string, nonce: string): string
  /** The nonce that the token was issued for; undefined: it was not issued for this action. Takes the same time for every wrong token. */
  check(id: string, token: string): string | undefined
}

export function createJobTokens(siteKeyPem: string): JobTokens {
  const key = createHmac('sha256', siteKeyPem).update('proviseur job token 1').digest()
  const seal = (id: string, nonce: string) =>
    createHmac('sha256', key).update(`${id.length} ${id} ${nonce}`).digest()
  return {
    issue: (id, nonce) => `${nonce}${seal(id, nonce).toString('hex')}`,
    check(id, token) {
      if (!/^[0-9a-f]{128}$/.test(token)) return undefined
      const nonce = token.slice(0, 64)
      return timingSafeEqual(seal(id, nonce), Buffer.from(token.slice(64), 'hex')) ? nonce : undefined
    },
  }
}

/** The token of `Authorization: Bearer …`. */
export const bearer = (header: string | undefined): string | undefined =>
  /^Bearer ([0-9a-f]{128})$/i.exec(header ?? '')?.[1]
