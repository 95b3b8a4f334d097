/** The keys of a mesh, by epoch. Whoever holds one can put text before every AI in the mesh. */
export interface Keyring {
  /** ID of the mesh: survives rotation, changes by joining another mesh. */
  readonly mesh: string
  /** The newest epoch: what we dial with. */
  readonly epoch: number
  /** The 32-byte key of an epoch, or undefined when we never had it. */
  key(epoch: number): Uint8Array | undefined
}
