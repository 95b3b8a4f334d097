import type { Network, Wire } from '../../mesh/network.ts'

/** The same network, with somebody who hears every frame before the process that it reaches. */
export function tapped(network: Network, heard: (frame: string) => void): Network {
  function tap(wire: Wire): Wire {
    return {
      side: wire.side,
      remote: wire.remote,
      loopback: wire.loopback,
      binding: wire.binding,
      epoch: wire.epoch,
      get bufferedBytes() {
        return wire.bufferedBytes
      },
      open: (events) =>
        wire.open({
          closed: (reason) => events.closed(reason),
          frame(text) {
            heard(text)
            events.frame(text)
          },
        }),
      send: (text) => wire.send(text),
      close: (reason) => wire.close(reason),
      terminate: (reason) => wire.terminate(reason),
    }
  }

  return {
    listen: (host, ports, accept) => network.listen(host, ports, (wire) => accept(tap(wire))),
    dial: async (address, signal) => tap(await network.dial(address, signal)),
  }
}
