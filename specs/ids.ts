/** Names that cross a boundary are branded: a machine's id cannot be passed where a site's is wanted. */
declare const brand: unique symbol
type Id<Name extends string> = string & { readonly [brand]: Name }

/** `<lycée>/<machine>`, for example `victor-hugo/b204-01`: hostnames repeat from one lycée to the next. */
export type MachineId = Id<'machine'>
/** The lycée's name. */
export type SiteId = Id<'site'>
/** `<lycée>/<room>`. */
export type RoomId = Id<'room'>
export type PackageName = Id<'package'>
export type ScriptName = Id<'script'>
export type SecretName = Id<'secret'>
/** Lower-case, colon-separated: `52:54:00:25:02:01`. */
export type Mac = Id<'mac'>
/** `sha256:<64 hex digits>`. */
export type Digest = Id<'digest'>
/** What a target points at: a Git commit's full hash, or the digest of a folder's contents. */
export type Revision = Id<'revision'>
