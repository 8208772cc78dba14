import sharp from 'sharp';

// Its cache would only hold memory, and the encoder works beside it.
sharp.cache(false);
sharp.concurrency(1);

export { sharp };
