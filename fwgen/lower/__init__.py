"""An integer graph -> blocks with a schedule."""
