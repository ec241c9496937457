declare module 'node-wol' {
  /** 102 bytes: six of 0xff, then the MAC sixteen times. The MAC as twelve hexadecimal digits: it is not checked. */
  export function createMagicPacket(macAddress: string): Buffer
}
