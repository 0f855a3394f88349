"""The layers of ``model.yaml`` by families: their keys, and the nodes they make."""
