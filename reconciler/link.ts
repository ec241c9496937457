/** What a lycée's links can carry at once. */
import type { DesiredSite } from '../specs/desired.ts'

/** The site server's link, and how many disks are written over it at the same time. */
export type Link = { readonly bitsPerSecond: number; readonly streams: number }

/** Of a link's bit rate: the rest is protocol, and whoever else is on the network. */
export const usableShare = 0.75

/** Of an uplink, for images that come ahead: lessons go on with the rest. */
export const imageShare = 0.5

/** 50 Mbit/s: with less a disk waits for the network, and to start another one beside it only makes both late. */
const leastStreamBitsPerSecond = 50e6
/** 10 Mbit/s: a package of 50 MB then takes the 45 s that are reckoned for it. */
const leastPackageBitsPerSecond = 10e6

/** What nobody wrote down is taken for what most lycées of the region have. */
const assumedUplinkBitsPerSecond = 100e6

export const linkOf = ({ capacity }: DesiredSite): Link => ({
  bitsPerSecond: capacity.lanBitsPerSecond,
  streams: Math.max(
    1,
    Math.min(capacity.images, carried(capacity.lanBitsPerSecond, leastStreamBitsPerSecond)),
  ),
})

/** How many PCs may install packages at once: they come from outside, over the uplink. */
export const packageStreams = ({ uplinkBitsPerSecond }: DesiredSite): number =>
  carried(uplinkBitsPerSecond ?? assumedUplinkBitsPerSecond, leastPackageBitsPerSecond)

const carried = (bitsPerSecond: number, least: number): number =>
  Math.max(1, Math.floor(bitsPerSecond / least))
