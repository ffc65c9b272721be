/** Which parameters weight decay leaves alone. */

/** The name patterns of Hugging Face's Trainer (transformers 5.23, `get_decay_parameter_names`), in lower case. */
const undecayed = /bias|layernorm|rmsnorm|(?:^|\.)norm(?:$|\.)|_norm(?:$|\.)/;

/** False for biases and the weights of normalisations. */
export function isDecayed(name: string): boolean {
  return !undecayed.test(name.toLowerCase());
}
