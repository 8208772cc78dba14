import { expect, it } from 'vitest';
import { pictureArguments, soundArguments } from '../../../service/bake/encode/command.ts';
import { planSound } from '../../../service/bake/encode/plan-video.ts';
import type { Container } from '../../../service/bake/outputs.ts';
import { planScale } from '../../../service/bake/plan/size.ts';
import { decodeArguments } from '../../../service/bake/sound/decode.ts';
import type { UnpackedSound } from '../../../service/bake/sound/unpack.ts';
import { parseFormat } from '../../../service/bake/sound/wav.ts';
import { flatPlan } from './plan.ts';

// The arguments of ffmpeg, literally: a change of one of them changes every video.

const plan = flatPlan(33, 24);
const DECODERS =
  'pcm_u8,pcm_s16le,pcm_s24le,pcm_s32le,pcm_s64le,pcm_f16le,pcm_f24le,pcm_f32le,pcm_f64le,pcm_alaw,pcm_mulaw,adpcm_ms,adpcm_ima_wav,adpcm_yamaha,adpcm_swf,adpcm_ct,g722,g723_1,g726,g726le,g729,gsm,gsm_ms,libgsm,libgsm_ms,truespeech,mp1float,mp1,mp2float,mp2,mp3float,mp3,ac3,eac3,dca,aac,flac,wmav1,wmav2,vorbis,opus,libopus';
const sound = { path: 'sound.pcm', format: 'f32le', sampleRate: 44_100, channels: 1, seconds: 1 };

/** The arguments for the sound of an ordinary video. */
function argumentsOf(container: Container, sound: UnpackedSound) {
  return soundArguments(planSound({ container, samples: [], constantRate: false }, sound, true), sound);
}

/** A WAV format with this tag. */
function format(tag: number) {
  const chunk = Buffer.alloc(18);
  chunk.writeUInt16LE(tag);
  return parseFormat(chunk, false)!;
}

it.each<[string, string[], string]>([
  [
    'flat pictures that may be transparent',
    pictureArguments({ ...plan, alpha: true }),
    '-nostdin -max_alloc 67108864 -hide_banner -v warning -xerror -progress pipe:1 -stats_period 0.25 -threads 1 -protocol_whitelist pipe -format_whitelist matroska -codec_whitelist png -f matroska -i pipe:0 -filter_complex_threads 1 -filter_complex [0:v]settb=1/60,setpts=N,split[pixels][alpha];[pixels]scale=66:48:flags=neighbor+accurate_rnd+full_chroma_inp:out_color_matrix=bt709:out_range=tv,format=yuv420p,setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709[video];[alpha]alphaextract,negate,bbox=min_val=0,metadata=mode=print:key=lavfi.bbox.w:file=-:direct=1,nullsink -map [video] -fps_mode:v passthrough -enc_time_base 1/60 -c:v libx264 -preset ultrafast -qp 23 -x264-params cabac=1:keyint=600:threads=3:sync-lookahead=0:partitions=all:chroma-qp-offset=-4:ref=1:fps=60:colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv:level=1.0 -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv -map_metadata -1 -f matroska -cluster_time_limit 200 pipe:3',
  ],
  [
    'smooth pictures with B-frames',
    pictureArguments({ ...plan, content: 'smooth', reorder: true }),
    '-nostdin -max_alloc 67108864 -hide_banner -v warning -xerror -progress pipe:1 -stats_period 0.25 -threads 1 -protocol_whitelist pipe -format_whitelist matroska -codec_whitelist png -f matroska -i pipe:0 -filter_complex_threads 1 -filter_complex [0:v]settb=1/60,setpts=N,scale=66:48:flags=neighbor+accurate_rnd+full_chroma_inp:out_color_matrix=bt709:out_range=tv,format=yuv420p,setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709[video] -map [video] -fps_mode:v passthrough -enc_time_base 1/60 -c:v libx264 -preset ultrafast -qp 22 -x264-params cabac=1:keyint=600:threads=3:sync-lookahead=0:chroma-qp-offset=-2:bframes=3:b-adapt=0:b-pyramid=none:weightb=1:pbratio=1.8:fps=60:colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv:level=1.0 -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv -map_metadata -1 -f matroska -cluster_time_limit 200 pipe:3',
  ],
  [
    'a piece of smooth pictures with B-frames, which two encoders share',
    pictureArguments({ ...plan, content: 'smooth', reorder: true, encoders: 2 }),
    '-nostdin -max_alloc 67108864 -hide_banner -v warning -xerror -progress pipe:1 -stats_period 0.25 -threads 1 -protocol_whitelist pipe -format_whitelist matroska -codec_whitelist png -f matroska -i pipe:0 -filter_complex_threads 1 -filter_complex [0:v]settb=1/60,setpts=N,scale=66:48:flags=neighbor+accurate_rnd+full_chroma_inp:out_color_matrix=bt709:out_range=tv,format=yuv420p,setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709[video] -map [video] -fps_mode:v passthrough -enc_time_base 1/60 -c:v libx264 -preset ultrafast -qp 22 -x264-params cabac=1:keyint=600:threads=1:sync-lookahead=0:chroma-qp-offset=-2:bframes=3:b-adapt=0:b-pyramid=none:weightb=1:pbratio=1.8:stitchable=1:fps=60:colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv:level=1.0 -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv -map_metadata -1 -f matroska -cluster_time_limit 200 pipe:3',
  ],
  [
    'large pictures of noise',
    pictureArguments({ ...plan, content: 'noise', geometry: planScale(2048, 1024, 1) }),
    '-nostdin -max_alloc 67108864 -hide_banner -v warning -xerror -progress pipe:1 -stats_period 0.25 -threads 1 -protocol_whitelist pipe -format_whitelist matroska -codec_whitelist png -f matroska -i pipe:0 -filter_complex_threads 1 -filter_complex [0:v]settb=1/60,setpts=N,scale=2048:1024:flags=area+accurate_rnd+full_chroma_inp:out_color_matrix=bt709:out_range=tv,format=yuv420p,setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709[video] -map [video] -fps_mode:v passthrough -enc_time_base 1/60 -c:v libx264 -preset ultrafast -qp 37 -force_key_frames expr:lt(n,10) -x264-params cabac=1:keyint=600:threads=2:sync-lookahead=0:partitions=i4x4:chroma-qp-offset=-4:ref=1:fps=60:colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv:level=4.2 -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv -map_metadata -1 -f matroska -cluster_time_limit 200 pipe:3',
  ],
  [
    'a WebM of transparent pictures',
    pictureArguments({ ...plan, container: 'webm', alpha: true, blend: true }),
    '-nostdin -max_alloc 67108864 -hide_banner -v warning -xerror -progress pipe:1 -stats_period 0.25 -threads 1 -protocol_whitelist pipe -format_whitelist matroska -codec_whitelist png -f matroska -i pipe:0 -filter_complex_threads 1 -filter_complex [0:v]settb=1/60,setpts=N,format=gbrap,premultiply=inplace=1,format=gbrp,scale=66:48:flags=neighbor+accurate_rnd+full_chroma_inp:out_color_matrix=bt709:out_range=tv,format=yuv420p,setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709[video] -map [video] -fps_mode:v passthrough -enc_time_base 1/60 -c:v libvpx-vp9 -deadline realtime -cpu-used 7 -row-mt 1 -lag-in-frames 0 -crf 24 -b:v 0 -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv -map_metadata -1 -f matroska -cluster_time_limit 200 pipe:3',
  ],
  [
    'the sound of an MP4',
    argumentsOf('mp4', sound),
    '-nostdin -max_alloc 67108864 -hide_banner -v warning -xerror -progress pipe:1 -stats_period 0.25 -protocol_whitelist file -format_whitelist f32le -codec_whitelist pcm_f32le -f f32le -ar 44100 -ac 1 -i sound.pcm -c:a aac -aac_coder fast -b:a 128k -ac 1 -ar 44100 -map_metadata -1 -f matroska -cluster_time_limit 200 pipe:3',
  ],
  [
    'the sound of a WebM',
    argumentsOf('webm', { ...sound, channels: 2 }),
    '-nostdin -max_alloc 67108864 -hide_banner -v warning -xerror -progress pipe:1 -stats_period 0.25 -protocol_whitelist file -format_whitelist f32le -codec_whitelist pcm_f32le -f f32le -ar 44100 -ac 2 -i sound.pcm -af apad=pad_len=64 -c:a libopus -b:a 96k -ac 2 -ar 48000 -map_metadata -1 -f matroska -cluster_time_limit 200 pipe:3',
  ],
  [
    'the decoder of MP3',
    decodeArguments('sound.wav', format(85), 2, 3.5),
    `-nostdin -max_alloc 67108864 -v fatal -protocol_whitelist file -format_whitelist wav -codec_whitelist ${DECODERS} -f wav -i sound.wav -map 0:a:0 -af atrim=start_sample=1105 -t 3.5 -ac 2 -ar 48000 -f f32le pipe:1`,
  ],
  [
    'the decoder of G.721',
    decodeArguments('sound.wav', format(64), 1, 1),
    `-nostdin -max_alloc 67108864 -v fatal -protocol_whitelist file -format_whitelist wav -codec_whitelist ${DECODERS} -f wav -c:a g726le -i sound.wav -map 0:a:0 -af atrim=start_sample=0 -t 1 -ac 1 -ar 48000 -f f32le pipe:1`,
  ],
])('The arguments of ffmpeg for %s are these', (_, args, text) => {
  expect(args).toEqual(text.split(' '));
});
