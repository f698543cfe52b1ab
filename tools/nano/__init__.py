"""The nano base: our own small model, made from `shared/pretrain` by one recipe."""
