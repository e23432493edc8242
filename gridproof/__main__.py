"""python -m gridproof"""

from gridproof.sweeps.cli.entry import main

if __name__ == "__main__":
    main()
