import { z } from 'zod'
import { fileCharactersMax, filesMax } from '../../state/files.ts'
import { neutralLine } from '../neutral.ts'
import { defineTool, setsOnly } from '../tool.ts'

/** Says which files this session is changing. */
export const setActiveFiles = defineTool({
  name: 'set_active_files',
  description:
    'Says which files you are changing, replacing what you said before; [] when done. Answers who has the same file in hand; they are told too.',
  annotations: setsOnly,
  input: z.strictObject({ files: z.array(z.string().min(1).max(fileCharactersMax)).max(filesMax) }),
  async run({ mesh }, { files }) {
    const answer = await mesh.files.set(files)
    const byId = new Map(mesh.peers({ offline: true }).peers.map((peer) => [peer.id, peer.name]))
    const conflicts = answer.conflicts.map(({ file, peer }) => ({
      file: neutralLine(file),
      peer: { id: peer, name: byId.get(peer) ?? peer },
    }))
    const held = answer.files.length === 0 ? 'no file' : answer.files.map(neutralLine).join(', ')
    const lines = conflicts.map(({ file, peer }) => `CONFLICT: ${peer.name} has ${file} too.`)
    return {
      text: [`You have ${held} in hand.`, ...lines].join('\n'),
      structured: { files: answer.files.map(neutralLine), conflicts },
    }
  },
})
