"""The use cases: each command's main job as one function. Prints nothing."""
