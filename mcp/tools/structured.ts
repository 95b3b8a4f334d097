import { z } from 'zod'
import { createStructured, structuredInput, writeStructured } from '../../state/structured.ts'
import { addsOnly, defineTool } from '../tool.ts'
import { describeSent } from './messages.ts'

/** Says something of a known kind to one peer. */
export const sendStructured = defineTool({
  name: 'send_structured',
  description:
    'Sends a typed message to one peer, who gets text and fields. Needed: question: question, expected_format; decision: decision, rationale; context_share: summary; review_request: file_path, description; handoff: work_completed, remaining_work, files_modified, decisions_made.',
  annotations: addsOnly,
  input: z.strictObject({ to: z.string().min(1).max(64), ...structuredInput.shape }),
  async run({ mesh }, { to, ...given }) {
    const fields = createStructured(given)
    return describeSent(await mesh.send({ to, message: writeStructured(fields), fields }))
  },
})
