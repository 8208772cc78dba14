// `node bench/outputs/bake.ts TAPE DIR OUTPUTS` bakes a tape to a list of outputs in JSON, as a process to be timed.
import { bake } from '../../service/bake/bake.ts';

const [tape, outDir, outputs] = process.argv.slice(2);
await bake(tape!, { outDir: outDir!, name: 'tape', outputs: JSON.parse(outputs!) });
