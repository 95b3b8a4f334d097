import { ClassicLevel } from 'classic-level'
import { type WebSocket, WebSocketServer } from 'ws'

/**
 * The other end of the bare path, as a process of its own: a WebSocket that stores what comes with
 * one synced put before it answers, or answers at once when there is nothing to store.
 */
const database = new ClassicLevel<string, string>(String(process.argv[2]))
await database.open()
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
server.on('connection', (socket: WebSocket) => {
  let count = 0
  socket.on('message', async (data) => {
    const text = data.toString()
    count += 1
    if (text !== '') await database.put(`k${count}`, text, { sync: true })
    socket.send('')
  })
})
server.on('listening', () => process.send?.(server.address()))
process.on('disconnect', () => process.exit(0))
