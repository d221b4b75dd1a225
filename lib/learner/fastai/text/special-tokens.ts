/** fastai's marker tokens, whichever of them a tokenizer keeps whole. */
export const UNK = 'xxunk';
export const PAD = 'xxpad';
export const BOS = 'xxbos';
export const EOS = 'xxeos';
export const TK_REP = 'xxrep';
export const TK_WREP = 'xxwrep';
export const TK_UP = 'xxup';
export const TK_MAJ = 'xxmaj';
