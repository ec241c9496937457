/** As programs are told an instant: ISO 8601 in UTC. */
export const iso = (at: number): string => new Date(at).toISOString()
