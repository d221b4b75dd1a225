import { PyDict, PyObject, PyTuple, type PyValue } from '../python.js';

/**
 * What BUILD does to a record: attributes from a dictionary, or from a pair of dictionaries
 * (`__dict__`, slots).
 */
export function applyState(record: PyObject, state: PyValue): void {
  if (state instanceof PyDict) {
    setAttributes(record, state);
    return;
  }
  record.state = state;
  if (!(state instanceof PyTuple) || state.length !== 2) return;
  const [dict, slots] = state;
  if (!(dict === null || dict instanceof PyDict) || !(slots instanceof PyDict)) return;
  if (dict) setAttributes(record, dict);
  setAttributes(record, slots);
}

function setAttributes(record: PyObject, state: PyDict): void {
  for (const [name, value] of state) {
    if (typeof name === 'string') record.attrs.set(name, value);
    else record.state = state;
  }
}
