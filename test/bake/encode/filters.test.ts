import { expect, it } from 'vitest';
import { filterGraph } from '../../../service/bake/encode/command.ts';
import { type Geometry, planScale } from '../../../service/bake/plan/size.ts';

const TIMES = 'settb=1/60,setpts=N';
const EXACT = 'accurate_rnd+full_chroma_inp';
const TAGGED = 'setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709';
const BT709 = `out_color_matrix=bt709:out_range=tv,format=yuv420p,${TAGGED}`;
const DOUBLED = `scale=64:48:flags=neighbor+${EXACT}:${BT709}`;

it.each<[string, Geometry, { alpha: boolean; blend: boolean }, string]>([
  [
    'opaque pictures are converted and enlarged in one step',
    planScale(32, 24, 2),
    { alpha: false, blend: false },
    `[0:v]${TIMES},${DOUBLED}[video]`,
  ],
  [
    'transparent pixels are looked for beside the conversion',
    planScale(32, 24, 2),
    { alpha: true, blend: false },
    [
      `[0:v]${TIMES},split[pixels][alpha]`,
      `[pixels]${DOUBLED}[video]`,
      '[alpha]alphaextract,negate,bbox=min_val=0,metadata=mode=print:key=lavfi.bbox.w:file=-:direct=1,nullsink',
    ].join(';'),
  ],
  [
    'transparent pictures are laid on black first',
    planScale(32, 24, 2),
    { alpha: true, blend: true },
    `[0:v]${TIMES},format=gbrap,premultiply=inplace=1,format=gbrp,${DOUBLED}[video]`,
  ],
  [
    'pictures without alpha are not laid on black',
    planScale(32, 24, 2),
    { alpha: false, blend: true },
    `[0:v]${TIMES},${DOUBLED}[video]`,
  ],
  [
    'at odd sizes, the last column and row are repeated before pixels share chroma',
    planScale(33, 25, 1),
    { alpha: false, blend: false },
    [
      `[0:v]${TIMES},scale=33:25:flags=area+${EXACT},format=gbrp`,
      'pad=34:26',
      'fillborders=right=1:bottom=1:mode=smear',
      `scale=34:26:flags=area+${EXACT}:${BT709}[video]`,
    ].join(','),
  ],
  [
    'at an odd width, the last column is repeated',
    planScale(33, 24, 1),
    { alpha: false, blend: false },
    [
      `[0:v]${TIMES},scale=33:24:flags=area+${EXACT},format=gbrp`,
      'pad=34:24',
      'fillborders=right=1:bottom=0:mode=smear',
      `scale=34:24:flags=area+${EXACT}:${BT709}[video]`,
    ].join(','),
  ],
  [
    'smaller pictures are averaged',
    planScale(640, 480, 'auto', 320),
    { alpha: false, blend: false },
    `[0:v]${TIMES},scale=320:240:flags=area+${EXACT}:${BT709}[video]`,
  ],
])('The filter graph is right: %s', (_, geometry, alpha, graph) => {
  expect(filterGraph({ geometry, ...alpha, rate: 60, constantRate: false })).toBe(graph);
});
