"""The Judge page: the form that begins a queue, the desk, and what was judged before."""
