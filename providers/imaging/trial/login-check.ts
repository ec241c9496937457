/** Whether somebody could log in: sshd names itself, or lets our key in. */
import { connect } from 'node:net'
import ssh2 from 'ssh2'

const answerMs = 10_000

/** True once a server at the port begins with an SSH banner (RFC 4253, 4.2). QEMU takes connections long before the PC does. */
export const sshAnswers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let said = ''
    socket.setTimeout(answerMs, () => socket.destroy())
    socket.setEncoding('latin1').on('data', (text: string) => {
      said += text
      if (said.length >= 8) socket.destroy()
    })
    // Refused, reset, silent: there is no login yet.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => resolve(said.startsWith('SSH-2.0-')))
  })

/** Whether a login can be tried with it: the library throws at any other. */
export const isPrivateKey = (text: string): boolean => {
  const parsed = ssh2.utils.parseKey(text)
  return !(parsed instanceof Error) && parsed.isPrivateKey()
}

/** True once root is let in with this key. The host key is that of an image which nobody uses: none is expected. */
export const sshLogsIn = (port: number, privateKey: string): Promise<boolean> =>
  new Promise((resolve) => {
    const client = new ssh2.Client()
    let entered = false
    client.on('ready', () => {
      entered = true
      client.end()
    })
    client.on('error', () => client.destroy())
    client.on('close', () => resolve(entered))
    client.connect({ host: '127.0.0.1', port, username: 'root', privateKey, readyTimeout: answerMs })
  })
