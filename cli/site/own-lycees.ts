/** Which lycées' servers this process is. */
import { networkInterfaces } from 'node:os'
import type { SiteId } from '../../reconciler/model/ids.ts'
import type { Desired, DesiredSite } from '../../specs/desired.ts'

export type OwnLycees = {
  /** Looks afresh: services are started for these. */
  look(desired: Desired): ReadonlyMap<SiteId, DesiredSite>
  /** As when it was looked last: a plan may be made for a revision before its services are there. */
  of(desired: Desired): ReadonlyMap<SiteId, DesiredSite>
}

/** @param only this lycée, whatever addresses this machine has; undefined: those whose server's address is one of this machine's. */
export const createOwnLycees = (only: string | undefined): OwnLycees => {
  let known: ReadonlyMap<SiteId, boolean> = new Map()
  const of = ({ sites }: Desired): ReadonlyMap<SiteId, DesiredSite> =>
    new Map([...sites].filter(([id, site]) => known.get(id) ?? isServedHere(site, only)))
  return {
    look: (desired) => {
      known = new Map([...desired.sites].map(([id, site]) => [id, isServedHere(site, only)]))
      return of(desired)
    },
    of,
  }
}

const isServedHere = ({ id, server }: DesiredSite, only: string | undefined): boolean => {
  if (server === undefined) return false
  if (only !== undefined) return only === id
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses)
  return own.some(({ address }) => address === server.address)
}
